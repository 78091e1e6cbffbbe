-- Note that a process is there, and forget who has said nothing for ten minutes.
--   KEYS  1 processes
--   ARGV  1 the process, 2 what it says of itself
local now = tonumber(redis.call('TIME')[1])
redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2])
local all = redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  local seen = tonumber(string.match(all[at + 1], '^%d+'))
  if not seen or now - seen > 600 then
    redis.call('HDEL', KEYS[1], all[at])
  end
end
