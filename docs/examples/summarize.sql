-- One row for each customer and day; a repeated attempt replaces it.
CREATE TABLE IF NOT EXISTS summary (day date, region varchar(40), customer varchar(40), amount decimal(20, 2));

DELETE FROM summary WHERE day = ?;

INSERT INTO summary
SELECT day, region, customer, sum(amount) /* of all its orders; NULL if none has one */
FROM orders
WHERE region = ?
GROUP BY day, region, customer;
