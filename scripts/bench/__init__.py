"""What the stores cost, as ratios to the raw driver that does the same work in the same run.

Method. Raw driver and store are measured in pairs: call by call in turn, in an order that swaps, at least nine rounds.
A round compares the median of its calls on either side; the ratio of a row is the median of the rounds' ratios. So
machine, disk and neighbours weigh on both sides alike. It is a report: nothing fails because a clock was slow.

Fairness. Both sides write the same messages (200 characters, metadata with three fields) into tables of the same
schema, with the same indexes and foreign key, and with the same durability: SQLite in WAL with synchronous=FULL and one
transaction per message; PostgreSQL as the server is configured, autocommit, prepared. The raw side takes the fields of
the same message object, encodes and decodes JSON, and brings tail reads into chronological order. It makes no objects
of rows and checks nothing; that, one row per message id, the error for an unknown session, the order of racing writers,
retries and the pool are what the ratio pays for. Concurrent rows have 32 sessions with one thread or task each, and the
raw side has as many connections as the store: SQLite's one behind a lock, PostgreSQL's in the driver's own pool. SQLite
has a file per side, since a second connection would empty the other's cache; PostgreSQL has one table and a session per
side. Both sides of the vector suites hold the same documents, and must find the same.

Growth rows compare the store with itself: a database of 100 messages on the left, one of 10,000 on the right.

Run as ``python scripts/bench [--quick] [--json FILE] [SUITE ...]``. A new suite is a module whose ``run(plan)`` yields
rows, and one line in `cli`.
"""
