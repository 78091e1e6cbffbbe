-- Forget every file: the folder that held them is gone.
DELETE FROM facts_files
