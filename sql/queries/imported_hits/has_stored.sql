-- Whether any hit of an import was stored.
SELECT EXISTS (SELECT FROM imported_hits WHERE import_id = %(import_id)s) AS has
