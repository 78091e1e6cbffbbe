-- Give a stream of an application's own its next turn after all others, or forget it where it is empty.
--   KEYS  1 the set of such streams, 2 the stream
-- Nothing is pending in a stream that holds nothing, so its group may go with it.
if redis.call('XLEN', KEYS[2]) == 0 then
  redis.call('DEL', KEYS[2])
  return redis.call('ZREM', KEYS[1], KEYS[2])
end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
return redis.call('ZADD', KEYS[1], (tonumber(last[2]) or 0) + 1, KEYS[2])
