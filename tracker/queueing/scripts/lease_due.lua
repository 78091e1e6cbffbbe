-- Hand out retries whose time has come, and make them due again when the lease ends: a killed worker loses none.
--   KEYS  1 the set of retries      ARGV  1 now, 2 end of the lease (seconds since 1970), 3 how many at most
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, member in ipairs(members) do
  redis.call('ZADD', KEYS[1], 'XX', ARGV[2], member)
end
return members
