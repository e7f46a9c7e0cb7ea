CREATE OR REPLACE VIEW waiting AS
    SELECT purchase.id, customer.email, purchase.placed_at
    FROM purchase JOIN customer ON customer.id = purchase.customer_id
    WHERE purchase.shipped_at IS NULL;
