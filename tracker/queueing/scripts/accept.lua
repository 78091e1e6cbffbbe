-- Accept entries for one application in one round trip: all or none of them reach the streams.
--   KEYS  1 usage of the minute, 2..4 streams (urgent, normal, bulk), 5 nudge, 6 bytes of the day, 7 counts of what was
--         left out, then one event key an entry ('' for none) or nothing
--   ARGV  1 rate limit (-1 for none), 2 queue limit, 3 number of entries, 4 hits a minute without a key (-1: with one),
--         5 bytes a day (-1 for no budget), 6 field of the counts up to its reason, 7 bucket and 8 hits a minute of the
--         address, 9 and 10 of its wider network ('' where there is none),
--         then for each entry: its stream (1..3) and the ten columns of batch_queue
-- Answers {taken, remaining, nudge due (1 or 0), what was used up (0 for nothing, else its place in LIMITS of quota.py),
-- index, tracking id, ...} with a pair for each entry that repeats an event, or {-1} when too much is waiting. Nothing is
-- written before the checks, so a full queue or memory leaves no trace.
local limit, offered = tonumber(ARGV[1]), tonumber(ARGV[3])
local REASONS = {'rate_limit', 'rate_limit', 'address_limit', 'byte_budget'}

local waiting = redis.call('XLEN', KEYS[2]) + redis.call('XLEN', KEYS[3]) + redis.call('XLEN', KEYS[4])
if waiting >= tonumber(ARGV[2]) then
  return {-1}
end

local taken, remaining, used_up = offered, 0, 0
if limit >= 0 then
  local open_limit, budget = tonumber(ARGV[4]), tonumber(ARGV[5])
  local is_open = open_limit >= 0
  local function used(field)
    return tonumber(redis.call('HGET', KEYS[1], field) or 0)
  end
  local all, bytes, added_bytes = used('all'), 0, 0
  local is_first = all == 0
  local open, shares = 0, {}
  if is_open then
    open = used('open')
    for at = 7, 9, 2 do
      if ARGV[at] ~= '' then
        shares[#shares + 1] = {field = ARGV[at], hits = tonumber(ARGV[at + 1]), used = used(ARGV[at])}
      end
    end
  end
  if budget >= 0 then
    bytes = tonumber(redis.call('GET', KEYS[6]) or 0)
  end

  taken = 0
  while taken < offered do
    if all >= limit then
      used_up = 1
    elseif is_open and open >= open_limit then
      used_up = 2
    elseif (shares[1] and shares[1].used >= shares[1].hits) or (shares[2] and shares[2].used >= shares[2].hits) then
      used_up = 3
    elseif budget >= 0 and bytes + added_bytes >= budget then
      used_up = 4
    end
    if used_up > 0 then
      break
    end
    local size = #ARGV[10 + taken * 11 + 3]
    taken, all, open, added_bytes = taken + 1, all + 1, open + 1, added_bytes + size
    for _, share in ipairs(shares) do
      share.used = share.used + math.max(1, math.ceil(size / 4096))
    end
  end

  remaining = limit - all
  if taken > 0 then
    local usage = {'HSET', KEYS[1], 'all', all}
    if is_open then
      usage[5], usage[6] = 'open', open
    end
    for _, share in ipairs(shares) do
      usage[#usage + 1], usage[#usage + 2] = share.field, share.used
    end
    redis.call(unpack(usage))
    if is_first then
      -- Two minutes outlast the window whatever the clocks of the receivers say.
      redis.call('EXPIRE', KEYS[1], 120)
    end
    if budget >= 0 then
      redis.call('INCRBY', KEYS[6], added_bytes)
      if bytes == 0 then
        redis.call('EXPIRE', KEYS[6], 172800)
      end
    end
  end
  if is_open then
    remaining = math.min(remaining, open_limit - open)
    for _, share in ipairs(shares) do
      remaining = math.min(remaining, share.hits - share.used)
    end
  end
  if used_up == 4 then
    remaining = 0
  end
  if used_up > 0 then
    redis.call('HINCRBY', KEYS[7], ARGV[6] .. REASONS[used_up], offered - taken)
  end
end

local answer = {taken, math.max(0, remaining), 0, used_up}
local added = false
for entry = 1, taken do
  local at = 11 + (entry - 1) * 11
  local id = ARGV[at + 1]
  local event = KEYS[7 + entry]
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
