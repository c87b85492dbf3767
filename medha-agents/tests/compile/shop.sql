CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, region TEXT, vip TEXT, born INTEGER);
INSERT INTO customers VALUES (1, 'Ann', 'North', 'T', 1980), (2, 'Bob', 'South', 'F', 1985),
  (3, 'Cid', 'North', 'F', 1990), (4, 'Dee', NULL, 'T', 1980);
CREATE TABLE staff (id INTEGER PRIMARY KEY, name TEXT, boss_id INTEGER, salary NUMERIC);
INSERT INTO staff VALUES (1, 'Zoe', NULL, 100), (2, 'Yan', 1, 80), (3, 'Xi', 1, 60), (4, 'Wu', 2, 40);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, rep_id INTEGER, packer_id INTEGER,
  order_date DATE, status TEXT, total NUMERIC, deleted INTEGER);
INSERT INTO orders VALUES (1, 1, 2, 3, '2025-01-10', 'paid', 100, 0), (2, 1, 2, 4, '2025-02-05', 'paid', 50, 0),
  (3, 2, 3, 3, '2025-02-20', 'open', 70, 0), (4, 4, 3, 4, '2025-03-01', 'paid', 30, 0),
  (5, NULL, NULL, 3, '2025-03-15', 'paid', 20, 0), (6, 1, 2, 3, '2025-03-31', 'paid', 999, 1);
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, cost NUMERIC);
INSERT INTO products VALUES (1, 'Lamp', 10), (2, 'Desk', 25), (3, 'Pen', 4), (4, 'Globe', 9);
CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id INTEGER, product_id INTEGER, quantity INTEGER, price NUMERIC);
INSERT INTO order_lines VALUES (1, 1, 1, 2, 30), (2, 1, 2, 1, 40), (3, 2, 1, 1, 30), (4, 2, 3, 2, 10),
  (5, 3, 2, 1, 40), (6, 3, 3, 3, 10), (7, 4, 1, 1, 30), (8, 5, 3, 2, 10);
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO tags VALUES (1, 'home'), (2, 'gift'), (3, 'office');
CREATE TABLE product_tags (product_id INTEGER, tag_id INTEGER, PRIMARY KEY (product_id, tag_id));
INSERT INTO product_tags VALUES (1, 1), (1, 2), (2, 1), (3, 2), (3, 3);
CREATE TABLE refunds (id INTEGER PRIMARY KEY, customer_id INTEGER, refund_date DATE, amount NUMERIC);
INSERT INTO refunds VALUES (1, 1, '2025-02-10', 5), (2, 2, '2025-03-05', 7), (3, 1, '2025-03-09', 1);
CREATE TABLE tickets (id INTEGER PRIMARY KEY, customer_id INTEGER, opened_at TIMESTAMP, closed_at TIMESTAMP, status TEXT);
INSERT INTO tickets VALUES (1, 1, '2025-01-11 09:30:00', '2025-01-13 09:30:00', 'closed'),
  (2, 1, '2025-02-06 23:59:59', NULL, 'open'), (3, 3, '2025-02-28 10:00:00', NULL, 'open');
