-- Accept offers in one round trip, of one application or of several; what an offer brings is accepted in its order.
--   KEYS  1..3 the streams that all share (urgent, normal, bulk), 4 wake-up, 5 counts of what was accepted or left out, 6 the set of
--         applications' own streams; then for each application: its usage of the minute, its bytes of the day, its own
--         stream, what it has in the shared ones, and the event keys of its offers ('tracker:event:' for an entry without)
--   ARGV  1 queue limit, 2 queue limit for applications that have a crowd waiting, 3 share of the shared streams;
--         then for each application: number of offers, rate limit (-1 for none), entries in the streams of other
--         applications, field of the counts up to its reason;
--         then for each of its offers: number of event keys, hits a minute without a key (-1: with one), bytes a day (-1
--         for no budget), bucket and hits a minute of the address, the same two of its wider network ('' where there is
--         none), number of entries, below 0 where they are taken all or none; number of rows of further columns: one
--         for all of these entries, which saves a batch four fifths of its arguments, or one for each;
--         then for each of its entries the first two columns of batch_queue, and the other eight in these rows
-- Answers for each offer, in the order of ARGV: {taken, remaining, wake-up due (1 or 0), what was used up (0 for nothing,
-- else its place in LIMITS of quota.py), index, tracking id, ...} with a pair for each entry that repeats an event, or
-- {-1} when too much is waiting, {-2} when too much of this application is.
-- Before an application's first entry is added nothing of it is written, so a full queue or memory leaves no trace.
local OFFER, FIRST, FURTHER = 9, 2, 8
local NO_EVENT = 'tracker:event:'
local REASONS = {'rate_limit', 'rate_limit', 'address_limit', 'byte_budget'}
local call = redis.call
local queue_limit, crowd_limit, stream_share = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local waiting = call('XLEN', KEYS[1]) + call('XLEN', KEYS[2]) + call('XLEN', KEYS[3])
local answers, added_by = {}, nil
local key, at = 7, 4

while ARGV[at] do
  local usage_key, bytes_key, own_stream, share_key = KEYS[key], KEYS[key + 1], KEYS[key + 2], KEYS[key + 3]
  local offers, limit, others, field = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3]
  key, at = key + 4, at + 4
  local own = call('XLEN', own_stream)
  local was_crowd = own > 0
  local crowd = was_crowd
  others = others + own

  -- What is used of the limits is asked for once, whatever number of addresses the offers come from.
  local used, names, is_first, budget = {}, {'all', 'open', 'bytes', 'kept'}, false, -1
  if limit >= 0 then
    local offer_at = at
    for _ = 1, offers do
      if tonumber(ARGV[offer_at + 2]) >= 0 then
        budget = tonumber(ARGV[offer_at + 2])
      end
      for place = offer_at + 3, offer_at + 5, 2 do
        local bucket = ARGV[place]
        if bucket ~= '' and not used[bucket] then
          used[bucket] = 0
          names[#names + 1] = bucket
        end
      end
      offer_at = offer_at + OFFER + math.abs(tonumber(ARGV[offer_at + 7])) * FIRST + tonumber(ARGV[offer_at + 8]) * FURTHER
    end
    local counts = call('HMGET', usage_key, unpack(names))
    for place, name in ipairs(names) do
      used[name] = tonumber(counts[place] or 0)
    end
    is_first = not counts[1]
    -- The day's bytes stand in the minute's usage as well: the day itself is asked once a minute.
    if budget >= 0 and not counts[3] then
      used.bytes = tonumber(call('GET', bytes_key) or 0)
      used.kept = used.bytes
    end
  end

  -- What the application has added to the shared streams is counted in rounds. A round has a first entry; as long as
  -- that one waits, no more than a share goes there. Nobody has to count down, so nothing can go wrong with the count:
  -- an entry that is settled, withdrawn or wiped is gone.
  local in_round, round_stream, round_first = 0, false, false
  if not crowd then
    local round = call('HMGET', share_key, 'used', 'stream', 'first')
    in_round, round_stream, round_first = tonumber(round[1]) or 0, round[2], round[3]
  end
  local has_taken, has_begun, has_overflowed, accepted = false, false, false, 0

  for _ = 1, offers do
    local events, open_limit, bytes_limit = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local narrow, narrow_limit = ARGV[at + 3], tonumber(ARGV[at + 4])
    local wide, wide_limit = ARGV[at + 5], tonumber(ARGV[at + 6])
    local offered = math.abs(tonumber(ARGV[at + 7]))
    local is_whole = tonumber(ARGV[at + 7]) < 0
    local rows = tonumber(ARGV[at + 8])
    local first_event, first_entry = key, at + OFFER
    local row = first_entry + offered * FIRST
    key, at = key + events, row + rows * FURTHER

    local answer
    if waiting + others >= queue_limit then
      answer = {-1}
    elseif own > 0 and waiting + others >= crowd_limit then
      answer = {-2}
    else
      local taken, remaining, used_up = offered, 0, 0
      if limit >= 0 then
        local is_open = open_limit >= 0
        local is_narrow, is_wide = is_open and narrow ~= '', is_open and wide ~= ''
        taken = 0
        local all, bytes, open = used.all, used.bytes, used.open
        local narrow_pieces, wide_pieces = used[narrow], used[wide]
        while taken < offered do
          if used.all >= limit then
            used_up = 1
          elseif is_open and used.open >= open_limit then
            used_up = 2
          elseif (is_narrow and used[narrow] >= narrow_limit) or (is_wide and used[wide] >= wide_limit) then
            used_up = 3
          elseif bytes_limit >= 0 and used.bytes >= bytes_limit then
            used_up = 4
          end
          if used_up > 0 then
            break
          end
          local size = #ARGV[first_entry + taken * FIRST + 1]
          taken, used.all, used.bytes = taken + 1, used.all + 1, used.bytes + size
          if is_open then
            used.open = used.open + 1
            -- A long hit counts as several: 4 KiB each.
            local pieces = size <= 4096 and 1 or math.ceil(size / 4096)
            if is_narrow then
              used[narrow] = used[narrow] + pieces
            end
            if is_wide then
              used[wide] = used[wide] + pieces
            end
          end
        end
        if is_whole and used_up > 0 then
          taken, used.all, used.bytes, used.open = 0, all, bytes, open
          if is_narrow then
            used[narrow] = narrow_pieces
          end
          if is_wide then
            used[wide] = wide_pieces
          end
        end
        remaining = limit - used.all
        if is_open then
          remaining = math.min(remaining, open_limit - used.open)
          if is_narrow then
            remaining = math.min(remaining, narrow_limit - used[narrow])
          end
          if is_wide then
            remaining = math.min(remaining, wide_limit - used[wide])
          end
        end
        if used_up == 4 then
          remaining = 0
        end
        if used_up > 0 then
          call('HINCRBY', KEYS[5], field .. REASONS[used_up], offered - taken)
        end
      end
      has_taken = has_taken or taken > 0
      answer = {taken, math.max(0, remaining), 0, used_up}

      local priority, retry_count, max_retries, status, processed_at, error_message, created_at, updated_at, shared
      for entry = 0, taken - 1 do
        local column = first_entry + entry * FIRST
        local id, data = ARGV[column], ARGV[column + 1]
        if entry < rows then
          priority, retry_count, max_retries, status, processed_at, error_message, created_at, updated_at =
            unpack(ARGV, row, row + FURTHER - 1)
          row = row + FURTHER
          local number = tonumber(priority)
          shared = number == 0 and 2 or number > 0 and 1 or 3
        end
        local event = events > 0 and KEYS[first_event + entry] ~= NO_EVENT and KEYS[first_event + entry]
        local first = event and call('GET', event)
        if first then
          -- The same id means that this very offer came before and its answer was lost: it is no repeat, and it is done.
          if first ~= id then
            answer[#answer + 1] = entry
            answer[#answer + 1] = first
          end
        else
          if not crowd then
            local weight = 1 + math.floor(#data / 4096)
            in_round = in_round + weight
            if in_round > stream_share and round_first then
              if #call('XRANGE', KEYS[tonumber(round_stream)], round_first, round_first) > 0 then
                crowd = true
              else
                in_round, round_first = weight, false
              end
            end
          end
          local id_in_stream = call('XADD', crowd and own_stream or KEYS[shared], '*',
            'id', id, 'tracking_data', data, 'priority', priority, 'retry_count', retry_count,
            'max_retries', max_retries, 'status', status, 'processed_at', processed_at,
            'error_message', error_message, 'created_at', created_at, 'updated_at', updated_at)
          if crowd then
            has_overflowed, own, others = true, own + 1, others + 1
          else
            waiting = waiting + 1
            if not round_first then
              round_stream, round_first, has_begun = shared, id_in_stream, true
            end
          end
          if event then
            call('SET', event, id, 'EX', 86400)
          end
          accepted, added_by = accepted + 1, #answers + 1
        end
      end
    end
    answers[#answers + 1] = answer
  end

  if has_taken and limit >= 0 then
    local new = {'all', used.all, 'open', used.open}
    if budget >= 0 then
      -- What a minute does not bring to the day is less than these bytes.
      if used.bytes - used.kept >= math.min(65536, budget / 20000) or is_first then
        call('INCRBY', bytes_key, used.bytes - used.kept)
        if used.kept == 0 then
          call('EXPIRE', bytes_key, 172800)
        end
        used.kept = used.bytes
      end
      new[5], new[6], new[7], new[8] = 'bytes', used.bytes, 'kept', used.kept
    end
    for place = 5, #names do
      new[#new + 1] = names[place]
      new[#new + 1] = used[names[place]]
    end
    call('HSET', usage_key, unpack(new))
    if is_first then
      -- Two minutes outlast the window whatever the clocks of the receivers say.
      call('EXPIRE', usage_key, 120)
    end
  end
  if has_begun then
    call('HSET', share_key, 'used', in_round, 'stream', round_stream, 'first', round_first)
    call('EXPIRE', share_key, 86400)
  elseif accepted > 0 and not was_crowd then
    call('HSET', share_key, 'used', in_round)
  end
  if accepted > 0 then
    -- For the ledger: what was added and what is counted as accepted are one step.
    call('HINCRBY', KEYS[5], field .. 'accepted', accepted)
  end
  if has_overflowed then
    call('ZADD', KEYS[6], 'NX', 0, own_stream)
  end
end

if added_by and call('SET', KEYS[4], '1', 'NX', 'PX', 2000) then
  answers[added_by][3] = 1
end
return answers
