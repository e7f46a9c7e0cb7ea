CREATE TABLE customer (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE
);

CREATE TABLE purchase (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customer (id),
    cents       bigint NOT NULL CHECK (cents >= 0),
    currency    char(3) NOT NULL DEFAULT '${currency}',
    placed_at   timestamptz NOT NULL DEFAULT now()
);
