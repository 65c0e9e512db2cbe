const DAY = `strftime(epoch_ms("dateTime"), '%Y-%m-%d')`;

/** In all and by rank of price. */
const STATISTICS = [
  ['Bids', 'count(*)'],
  ['Bidders', 'count(DISTINCT bidder)'],
  ['Auctions', 'count(DISTINCT auction)'],
].flatMap(([of, counted]) => [
  `${counted} AS "total${of}"`,
  `${counted} FILTER (price < 10000) AS "rank1${of}"`,
  `${counted} FILTER (price >= 10000 AND price < 1000000) AS "rank2${of}"`,
  `${counted} FILTER (price >= 1000000) AS "rank3${of}"`,
]);

/** The bids that win: a row of the auction with the bid's columns beside. */
const WINNING = `
  SELECT a.*, b.bidder, b.price, b."dateTime" AS "bidDateTime", b.extra AS "bidExtra"
  FROM auctions a JOIN bids b
    ON b.auction = a.id AND b."dateTime" BETWEEN a."dateTime" AND a.expires
  QUALIFY row_number() OVER (PARTITION BY a.id ORDER BY b.price DESC, b."dateTime", b.n) = 1`;

/**
 * The queries in SQL, by name. Tables: `bids`, `auctions`, `persons` with the events' fields, `side`;
 * times are milliseconds. Columns are those of the pipelines' results.
 */
export const SQL: Readonly<Record<string, string>> = {
  q0: 'SELECT * FROM bids',

  q1: 'SELECT auction, bidder, price * 0.908::DOUBLE AS price, "dateTime", extra FROM bids',

  q2: 'SELECT auction, price FROM bids WHERE auction % 123 = 0',

  q3: `
    SELECT name, city, state, a.id AS auction FROM auctions a JOIN persons p ON a.seller = p.id
    WHERE category = 10 AND state IN ('OR', 'ID', 'CA')`,

  q4: `
    SELECT category, sum(price)::DOUBLE / count(*) AS average FROM (${WINNING}) GROUP BY category`,

  q5: `
    WITH counts AS (
      SELECT auction, start, start + 10000 AS "end", count(*) AS bids
      FROM (SELECT auction, "dateTime" // 2000 * 2000 - 2000 * unnest([0, 1, 2, 3, 4]) AS start FROM bids)
      GROUP BY auction, start)
    SELECT * FROM counts QUALIFY bids = max(bids) OVER (PARTITION BY start)`,

  q6: `
    SELECT seller, sum(price)::DOUBLE / count(*) AS average
    FROM (SELECT * FROM (${WINNING})
          QUALIFY row_number() OVER (PARTITION BY seller ORDER BY expires DESC, id DESC) <= 10)
    GROUP BY seller`,

  q7: `
    SELECT auction, bidder, price, "dateTime", extra FROM bids
    QUALIFY price = max(price) OVER (PARTITION BY "dateTime" // 10000)`,

  q8: `
    SELECT DISTINCT p.id, name, p."dateTime" // 10000 * 10000 AS start
    FROM persons p JOIN auctions a
      ON a.seller = p.id AND a."dateTime" // 10000 = p."dateTime" // 10000`,

  q9: WINNING,

  q10: `
    SELECT auction, bidder, price, "dateTime", extra,
           strftime(epoch_ms("dateTime"), '%Y-%m-%d') AS day,
           strftime(epoch_ms("dateTime"), '%H:%M') AS minute
    FROM bids`,

  q11: `
    SELECT bidder, count(*) AS bids, min("dateTime") AS start, max("dateTime") + 10000 AS "end"
    FROM (SELECT *, sum(begins::INT) OVER (PARTITION BY bidder ORDER BY "dateTime", n) AS session
          FROM (SELECT *, coalesce("dateTime" - lag("dateTime") OVER (
                  PARTITION BY bidder ORDER BY "dateTime", n) > 10000, TRUE) AS begins FROM bids))
    GROUP BY bidder, session`,

  q12: `
    SELECT bidder, count(*) AS bids, "dateTime" // 10000 * 10000 AS start, start + 10000 AS "end"
    FROM bids GROUP BY bidder, start`,

  q13: `
    SELECT auction, bidder, price, "dateTime", side.value
    FROM bids JOIN side ON auction % 10000 = key`,

  q14: `
    SELECT auction, bidder, price * 0.908::DOUBLE AS price,
           CASE WHEN hour BETWEEN 8 AND 18 THEN 'dayTime'
                WHEN hour <= 6 OR hour >= 20 THEN 'nightTime'
                ELSE 'otherTime' END AS "bidTimeType",
           "dateTime", extra, len(extra) - len(replace(extra, 'c', '')) AS "cCounts"
    FROM (SELECT *, "dateTime" // 3600000 % 24 AS hour FROM bids)
    WHERE price * 0.908::DOUBLE > 1000000 AND price * 0.908::DOUBLE < 50000000`,

  q15: `SELECT ${DAY} AS day, ${STATISTICS.join(', ')} FROM bids GROUP BY day`,

  q16: `
    SELECT channel, ${DAY} AS day, max(strftime(epoch_ms("dateTime"), '%H:%M')) AS minute,
           ${STATISTICS.join(', ')}
    FROM bids GROUP BY channel, day`,

  q17: `
    SELECT auction, ${DAY} AS day, count(*) AS "totalBids",
           count(*) FILTER (price < 10000) AS "rank1Bids",
           count(*) FILTER (price >= 10000 AND price < 1000000) AS "rank2Bids",
           count(*) FILTER (price >= 1000000) AS "rank3Bids",
           min(price) AS "minPrice", max(price) AS "maxPrice",
           sum(price)::DOUBLE / count(*) AS "avgPrice", sum(price)::DOUBLE AS "sumPrice"
    FROM bids GROUP BY auction, day`,

  q18: `
    SELECT * FROM bids
    QUALIFY row_number() OVER (PARTITION BY bidder, auction ORDER BY "dateTime" DESC, n DESC) = 1`,

  q19: `
    SELECT *, row_number() OVER (PARTITION BY auction ORDER BY price DESC, n) AS rank FROM bids
    QUALIFY rank <= 10`,

  q20: `
    SELECT b.auction, b.bidder, b.price, b.channel, b.url, b."dateTime" AS "bidDateTime",
           b.extra AS "bidExtra", a."itemName", a.description, a."initialBid", a.reserve,
           a."dateTime", a.expires, a.seller, a.category, a.extra
    FROM bids b JOIN auctions a ON b.auction = a.id WHERE category = 10`,

  q21: `
    SELECT auction, bidder, price, channel,
           CASE lower(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1'
                WHEN 'facebook' THEN '2' WHEN 'baidu' THEN '3'
                ELSE regexp_extract(url, '(&|^)channel_id=([^&]*)', 2) END AS "channelId"
    FROM bids
    WHERE lower(channel) IN ('apple', 'google', 'facebook', 'baidu')
       OR regexp_matches(url, '(&|^)channel_id=')`,

  q22: `
    SELECT auction, bidder, price, channel, split_part(url, '/', 4) AS dir1,
           split_part(url, '/', 5) AS dir2, split_part(url, '/', 6) AS dir3
    FROM bids`,
};
