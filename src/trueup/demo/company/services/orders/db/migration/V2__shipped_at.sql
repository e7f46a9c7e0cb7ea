ALTER TABLE purchase ADD COLUMN shipped_at timestamptz;
