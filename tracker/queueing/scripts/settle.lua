-- Take entries that are done out of the queue.
--   KEYS  streams and the set of retries     ARGV  the group, then for each key the number of its ids, and the ids
-- A set of retries is known by its type: members of a stream are acknowledged and deleted, of a set removed.
-- Whatever is no longer there (taken over and settled by another, or Redis was wiped) is passed over.
local at = 2
for _, key in ipairs(KEYS) do
  local count = tonumber(ARGV[at])
  local ids = {unpack(ARGV, at + 1, at + count)}
  at = at + 1 + count
  local kind = redis.call('TYPE', key).ok
  if kind == 'stream' then
    redis.call('XACK', key, ARGV[1], unpack(ids))
    redis.call('XDEL', key, unpack(ids))
  elseif kind == 'zset' then
    redis.call('ZREM', key, unpack(ids))
  end
end
return 1
