-- Admit values to sets that may hold so many each; answers 1 or 0 for each value, in their order.
--   KEYS  the sets      ARGV  1 seconds for which a new set is kept, then for each set: how many it may hold, the number
--         of its values, and the values
local answers = {}
local at = 2
for _, key in ipairs(KEYS) do
  local limit, count = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local size = redis.call('SCARD', key)
  for number = at + 2, at + 1 + count do
    local admitted = redis.call('SISMEMBER', key, ARGV[number])
    if admitted == 0 and size < limit then
      redis.call('SADD', key, ARGV[number])
      size = size + 1
      admitted = 1
      if size == 1 then
        redis.call('EXPIRE', key, ARGV[1])
      end
    end
    answers[#answers + 1] = admitted
  end
  at = at + 2 + count
end
return answers
