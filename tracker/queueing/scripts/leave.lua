-- Remove a consumer that is done (an empty name is none's), and those that dead workers left behind, wherever nothing
-- is pending for them; answers how many.
--   KEYS  the streams      ARGV  1 the group, 2 the consumer, 3 idle milliseconds after which another one is dead
-- XGROUP DELCONSUMER would forget what is pending; here nothing can come between the look and the removal.
local removed = 0
for _, key in ipairs(KEYS) do
  local consumers = redis.pcall('XINFO', 'CONSUMERS', key, ARGV[1])
  -- No stream or no group is an error reply, a table without a first element.
  for _, consumer in ipairs(consumers) do
    local facts = {}
    for at = 1, #consumer, 2 do
      facts[consumer[at]] = consumer[at + 1]
    end
    local over = facts['name'] == ARGV[2] or facts['idle'] >= tonumber(ARGV[3])
    if over and facts['pending'] == 0 then
      redis.call('XGROUP', 'DELCONSUMER', key, ARGV[1], facts['name'])
      removed = removed + 1
    end
  end
end
return removed
