-- Sessions of the dashboard that somebody has ended before their time: their cookies count no more.
CREATE TABLE dashboard_sign_outs (
    session_id VARCHAR(64) PRIMARY KEY, -- random, from the cookie; it says nothing about a person or a key
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL -- when the cookie counts no more by itself
);

CREATE INDEX idx_dashboard_sign_outs_expires ON dashboard_sign_outs (expires_at);
