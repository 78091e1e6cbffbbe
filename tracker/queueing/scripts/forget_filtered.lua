-- Forget the counts that were moved aside under this name, and none that came there after them.
--   KEYS  1 where they are      ARGV  1 the name
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
