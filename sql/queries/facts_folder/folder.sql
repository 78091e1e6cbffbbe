-- Which folder holds the copy, and what is wrong with it.
SELECT id, problem, problem_since FROM facts_folder
