-- Take entries out of a stream, except those that a worker has in its hands just now; answers {taken out, in hands}.
--   KEYS  1 the stream
--   ARGV  1 the group, 2 the consumer that only holds what was given back, 3 milliseconds of silence after which a worker
--         has nothing in its hands any more, then the ids
local taken, held = 0, 0
for at = 4, #ARGV do
  -- A stream without a group is an error reply, a table without a first element: then nothing is in anybody's hands.
  local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[at], ARGV[at], 1)[1]
  if pending and pending[2] ~= ARGV[2] and pending[3] < tonumber(ARGV[3]) then
    held = held + 1
  else
    redis.pcall('XACK', KEYS[1], ARGV[1], ARGV[at])
    taken = taken + redis.call('XDEL', KEYS[1], ARGV[at])
  end
end
return {taken, held}
