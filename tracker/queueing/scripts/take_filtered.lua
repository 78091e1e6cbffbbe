-- Move the counts aside, unless some are there already, under a name that stays theirs, and answer them with it.
--   KEYS  1 the counts, 2 where they are moved to, 3 how often that was done      ARGV  1 a name
if redis.call('EXISTS', KEYS[2]) == 0 then
  if redis.call('EXISTS', KEYS[1]) == 0 then
    return {}
  end
  redis.call('RENAME', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[2], 'id', ARGV[1])
  redis.call('INCRBY', KEYS[3], 1)
end
return redis.call('HGETALL', KEYS[2])
