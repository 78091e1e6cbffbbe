-- Lines that imports have left out, so that each counts once in filtered_hits however often its log is imported.
CREATE TABLE imported_filtered (
    import_id INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    hit_id BIGINT NOT NULL, -- the id that the line's hit would have
    hour TIMESTAMP WITH TIME ZONE NOT NULL,
    reason VARCHAR(30) NOT NULL,
    PRIMARY KEY (import_id, hit_id)
);

CREATE INDEX idx_imported_filtered_hour ON imported_filtered (hour);
