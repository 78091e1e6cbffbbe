-- What goes on at an application from a time until another, of so many hits, the latest, at most: counts by minute, pages, and where visitors came from.
WITH latest AS MATERIALIZED (
  SELECT id, created_at, url, referrer, place, timezone, client_sub_id, ip_address, user_agent,
         event_name IS NULL OR event_name IN ('page_view', 'pageview') AS is_view
    FROM access_logs
   WHERE application_id = %(application_id)s AND app_id = %(app_id)s
     AND created_at >= %(start)s AND created_at < %(end)s
   ORDER BY created_at DESC
   LIMIT %(limit)s
), named AS (
  SELECT *,
         CASE WHEN client_sub_id IS NOT NULL THEN hashtextextended(client_sub_id, 1)
              ELSE hashtextextended(concat_ws(chr(2), ip_address, chr(1) || user_agent), 2) END AS visitor,
         regexp_replace(lower(split_part(split_part(referrer, '/', 3), ':', 1)), '^www[.]', '') AS referring,
         regexp_replace(lower(split_part(split_part(url, '/', 3), ':', 1)), '^www[.]', '') AS host
    FROM latest
), minutes AS (
  -- What is ahead of the clock came now.
  SELECT least(date_trunc('minute', created_at), %(present)s) AS minute, count(*) AS hits, count(DISTINCT visitor) AS visitors
    FROM named GROUP BY 1
), addresses AS (
  SELECT CASE WHEN %(with_query)s THEN url ELSE split_part(split_part(url, '?', 1), '#', 1) END AS url, count(*) AS views
    FROM latest WHERE is_view AND url IS NOT NULL
   GROUP BY 1
), pages AS (
  -- A page is one under every host. A host with a single bracket is none.
  SELECT regexp_replace(url, '^[a-z][a-z0-9+.-]*://[^][/?#]*(?=[/?#]|$)', '', 'i') AS url, sum(views)::bigint AS views
    FROM addresses GROUP BY 1 ORDER BY views DESC, 1 LIMIT %(pages)s
), firsts AS (
  -- The first hit of each visitor that no page of the site itself led to, else the first one.
  SELECT DISTINCT ON (visitor) visitor, url, referrer, place, timezone
    FROM named
   ORDER BY visitor, (referring = host OR referring = %(domain)s OR right(referring, length(%(domain)s) + 1) = '.' || %(domain)s) IS TRUE,
            created_at, id
), led AS (
  -- Of an address what decides the source: the site, and of the query values of campaigns only, for click ids are each reader's own.
  SELECT coalesce(substring(url FROM '^[^/?#]*//[^/?#]*'), '') || '/'
           || coalesce(regexp_replace(substring(url FROM '^[^?#]*([?][^#]*)'),
                                      '([?&](?!utm|yclid|%%)[^=&]*=)[^&]+', chr(92) || '1x', 'gi'), '') AS url,
         substring(referrer FROM '^[^/]*//[^/?#]*') AS referrer
    FROM firsts
), arrivals AS (
  SELECT url, referrer, count(*) AS visitors FROM led GROUP BY 1, 2
), countries AS (
  SELECT nullif(split_part(place, '/', 1), '') AS country, CASE WHEN place IS NULL OR place = '' OR place LIKE '/%%' THEN timezone END AS timezone,
         count(*) AS visitors
    FROM firsts GROUP BY 1, 2
)
SELECT (SELECT count(*) FROM latest) AS hits,
       (SELECT count(*) FROM firsts) AS visitors,
       (SELECT coalesce(json_agg(minutes), '[]') FROM minutes) AS minutes,
       (SELECT coalesce(json_agg(pages), '[]') FROM pages) AS pages,
       (SELECT coalesce(json_agg(arrivals), '[]') FROM arrivals) AS arrivals,
       (SELECT coalesce(json_agg(countries), '[]') FROM countries) AS countries
