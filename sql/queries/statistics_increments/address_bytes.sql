-- Addresses as the digest of a visitor takes them, for spellings that only PostgreSQL reads.
SELECT inet_send(address::inet) AS bytes
FROM unnest(%(addresses)s::text[]) WITH ORDINALITY AS given (address, place)
ORDER BY place
