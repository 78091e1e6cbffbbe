-- Accept entries for one application in one round trip: all or none of them reach the streams.
--   KEYS  1 rate window, 2..4 streams (urgent, normal, bulk), 5 nudge, then one event key an entry ('' for none) or nothing
--   ARGV  1 rate limit (-1 for none), 2 queue limit, 3 number of entries,
--         then for each entry: its stream (1..3) and the ten columns of batch_queue
-- Answers {taken, used, nudge due (1 or 0), index, tracking id, ...} with a pair for each entry that repeats an event,
-- or {-1} when too much is waiting. Nothing is written before the first check, so a full queue or memory leaves no trace.
local limit, offered = tonumber(ARGV[1]), tonumber(ARGV[3])

local waiting = redis.call('XLEN', KEYS[2]) + redis.call('XLEN', KEYS[3]) + redis.call('XLEN', KEYS[4])
if waiting >= tonumber(ARGV[2]) then
  return {-1}
end

local taken, used = offered, 0
if limit >= 0 then
  used = redis.call('INCRBY', KEYS[1], offered)
  if used == offered then
    -- Two minutes outlast the window whatever the clocks of the receivers say.
    redis.call('EXPIRE', KEYS[1], 120)
  end
  if used > limit then
    local over = math.min(offered, used - limit)
    taken = offered - over
    used = redis.call('DECRBY', KEYS[1], over)
  end
end

local answer = {taken, used, 0}
local added = false
for entry = 1, taken do
  local at = 4 + (entry - 1) * 11
  local id = ARGV[at + 1]
  local event = KEYS[5 + entry]
  local first = false
  if event and event ~= '' then
    first = redis.call('GET', event)
  end
  if first then
    -- The same id means that this very offer came before and its answer was lost: it is no repeat, and it is done.
    if first ~= id then
      answer[#answer + 1] = entry - 1
      answer[#answer + 1] = first
    end
  else
    redis.call('XADD', KEYS[1 + tonumber(ARGV[at])], '*',
      'id', id, 'tracking_data', ARGV[at + 2], 'priority', ARGV[at + 3], 'retry_count', ARGV[at + 4],
      'max_retries', ARGV[at + 5], 'status', ARGV[at + 6], 'processed_at', ARGV[at + 7],
      'error_message', ARGV[at + 8], 'created_at', ARGV[at + 9], 'updated_at', ARGV[at + 10])
    if event and event ~= '' then
      redis.call('SET', event, id, 'EX', 86400)
    end
    added = true
  end
end

if added and redis.call('SET', KEYS[5], '1', 'NX', 'PX', 2000) then
  answer[3] = 1
end
return answer
