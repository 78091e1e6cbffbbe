-- Say whose this Redis is, unless that is known.
--   KEYS  1 whose it is, then the streams, the last one retries
--   ARGV  1 what to say, 2 whether to say it although hits wait (1 or 0)
-- Answers what is said now, or nothing where hits wait of which nobody knows whose they are.
local known = redis.call('GET', KEYS[1])
if known then
  return known
end
if ARGV[2] ~= '1' then
  local waiting = redis.call('ZCARD', KEYS[#KEYS])
  for stream = 2, #KEYS - 1 do
    waiting = waiting + redis.call('XLEN', KEYS[stream])
  end
  if waiting > 0 then
    return false
  end
end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
