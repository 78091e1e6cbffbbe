-- Move an entry from where it is to the set of retries, in its new form; answers whether it was still there.
--   KEYS  1 its stream or the set of retries, 2 the set of retries
--   ARGV  1 the group, 2 its id in the stream or its old member, 3 its new member, 4 when it is due (seconds since 1970)
-- An entry that is gone was settled or postponed by another who had taken it over: it must not come back.
local there
if KEYS[1] == KEYS[2] then
  there = redis.call('ZREM', KEYS[1], ARGV[2])
else
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
  there = redis.call('XDEL', KEYS[1], ARGV[2])
end
if there == 1 then
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
end
return there
