-- Keep a process number: renew it where it is ours, take it where it is free, and say whether it is ours now.
--   KEYS  1 the number's key        ARGV  1 the holder's token, 2 seconds
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
