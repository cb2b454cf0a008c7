"""The presence store in Redis, for all processes, by the clock of Redis: those of hosts may differ.

Keys, under the prefix: `workers` has the ends of leases, `serials` the number of each worker's last write,
`of:<worker>` what it wrote ("room user"), `room:<room>` the users of a room ("since worker,worker username" by user id)
and, under the empty name, its version. No key expires by itself: workers clear what others left.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from chat.presence.store import (
    LATE_SECONDS,
    LEASE_SECONDS,
    SETTLING_SECONDS,
    Arrival,
    Departure,
    PresentUser,
    Reading,
    RoomPresence,
    crowd,
)
from core.redis_scripts import Call, Script, Scripts

# The most pairs that one call writes or clears, and rooms it reads: Redis does nothing else meanwhile.
_PAIRS = 500
_ROOMS = 100

_WORDS = f"""
local prefix, worker = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease, late = {LEASE_SECONDS * 1_000}, {int(LATE_SECONDS * 1_000)}
local workers, serials, mine = prefix .. 'workers', prefix .. 'serials', prefix .. 'of:' .. worker

local version
local function changed(key)
  version = version or time[1] .. '.' .. time[2] .. '.' .. redis.call('INCR', prefix .. 'changes')
  redis.call('HSET', key, '', version)
end

local function drop(room, user)
  local key = prefix .. 'room:' .. room
  local since, held, name = string.match(redis.call('HGET', key, user) or '', '^(%d+) (%S+) (.*)$')
  if not since then return end
  local others = {{}}
  for each in string.gmatch(held, '[^,]+') do
    if each ~= worker then others[#others + 1] = each end
  end
  if #others > 0 then
    redis.call('HSET', key, user, since .. ' ' .. table.concat(others, ',') .. ' ' .. name)
  else
    redis.call('HDEL', key, user)
  end
  changed(key)
  if redis.call('HLEN', key) == 1 then redis.call('DEL', key) end
end
"""

_BEGIN = Script(
    _WORDS
    + """
redis.call('ZADD', workers, now + lease, worker)
redis.call('HSET', serials, worker, 0)
redis.call('SET', prefix .. 'born', now, 'NX')
"""
)

# Arguments: serial, number of arrivals, (room, user, since, username) of each, (room, user) of each departure.
_WRITE = Script(
    _WORDS
    + """
local serial, arrivals = tonumber(ARGV[3]), tonumber(ARGV[4])
local said = tonumber(redis.call('HGET', serials, worker) or '')
if said ~= serial - 1 then return said == serial and 1 or 0 end
redis.call('HSET', serials, worker, serial)
for at = 5, 4 + 4 * arrivals, 4 do
  local room, user, since, name = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local key = prefix .. 'room:' .. room
  if redis.call('SADD', mine, room .. ' ' .. user) == 1 then
    local first, held, known = string.match(redis.call('HGET', key, user) or '', '^(%d+) (%S+) (.*)$')
    if first then
      redis.call('HSET', key, user, first .. ' ' .. held .. ',' .. worker .. ' ' .. known)
    else
      if since == '0' then since = string.format('%.0f', now) end
      redis.call('HSET', key, user, since .. ' ' .. worker .. ' ' .. name)
    end
    changed(key)
  end
end
for at = 5 + 4 * arrivals, #ARGV, 2 do
  if redis.call('SREM', mine, ARGV[at] .. ' ' .. ARGV[at + 1]) == 1 then drop(ARGV[at], ARGV[at + 1]) end
end
return 1
"""
)

_RENEW = Script(
    _WORDS
    + """
if redis.call('HGET', serials, worker) ~= ARGV[3] then return false end
local left = tonumber(redis.call('ZSCORE', workers, worker) or 0) - now
redis.call('ZADD', workers, now + lease, worker)
if left <= lease - late then return {} end
return redis.call('ZRANGEBYSCORE', workers, '-inf', now)
"""
)

# Arguments: whether to end the term now, how many pairs to clear. Its worker cannot write after the first step.
_CLEAR = Script(
    _WORDS
    + """
local ends = redis.call('ZSCORE', workers, worker)
if not ends or (ARGV[3] == '0' and tonumber(ends) > now) then return {0} end
redis.call('ZADD', workers, 0, worker)
redis.call('HDEL', serials, worker)
local rooms = {0}
for _, pair in ipairs(redis.call('SPOP', mine, tonumber(ARGV[4]))) do
  local room, user = string.match(pair, '^(%S+) (%S+)$')
  drop(room, user)
  rooms[#rooms + 1] = room
end
rooms[1] = redis.call('EXISTS', mine)
if rooms[1] == 0 then redis.call('ZREM', workers, worker) end
return rooms
"""
)

_LIVING = Script(
    _WORDS
    + """
local born = redis.call('GET', prefix .. 'born')
return {born and now - born or -1, redis.call('ZRANGEBYSCORE', workers, now - late + 1, '+inf')}
"""
)

# Arguments: the size of a crowd, then (room, known version) of each room.
_READ = Script("""
local prefix, most = ARGV[1], tonumber(ARGV[2])
local rooms = {}
for at = 3, #ARGV, 2 do
  local key = prefix .. 'room:' .. ARGV[at]
  local version, held = redis.call('HGET', key, '') or '0', false
  if version ~= ARGV[at + 1] then
    local count = math.max(0, redis.call('HLEN', key) - 1)
    held = {version, count, count <= most and redis.call('HGETALL', key)}
  end
  rooms[#rooms + 1] = held
end
return rooms
""")


class Shared:
    """The store in Redis."""

    def __init__(self, url: str, prefix: str) -> None:
        self._prefix = f"{prefix}:presence:"
        self._scripts = Scripts(url)

    def begin(self, worker: str) -> None:
        self._ask(_BEGIN, worker)

    def write(self, worker: str, serial: int, arrivals: Sequence[Arrival], departures: Sequence[Departure]) -> bool:
        came = [word for each in arrivals for word in (str(each.room_id), str(each.user_id), each.since, each.username)]
        went = [str(word) for each in departures for word in each]
        return bool(self._ask(_WRITE, worker, serial, len(arrivals), *came, *went))

    def renew(self, worker: str, serial: int) -> Collection[str] | None:
        ended: list[str] | None = self._ask(_RENEW, worker, serial)
        return ended

    def clear(self, worker: str) -> set[UUID]:
        return self._clear(worker, now=False)

    def end(self, worker: str) -> set[UUID]:
        return self._clear(worker, now=True)

    def read(self, known: Mapping[UUID, str]) -> Reading:
        asked = list(known.items())
        calls = [Call(_LIVING, (), (self._prefix, ""))]
        for begin in range(0, len(asked), _ROOMS):
            words = [str(word) for room in asked[begin : begin + _ROOMS] for word in room]
            calls.append(Call(_READ, (), (self._prefix, crowd(), *words)))
        (age, living), *answers = self._scripts.run(calls)
        found = zip(known, (held for answer in answers for held in answer), strict=True)
        rooms = {room_id: _presence(*held) for room_id, held in found if held is not None}
        return Reading(age >= SETTLING_SECONDS * 1_000, living, rooms)

    def _clear(self, worker: str, *, now: bool) -> set[UUID]:
        rooms: set[UUID] = set()
        more = True
        while more:
            more, *cleared = self._ask(_CLEAR, worker, int(now), _PAIRS)
            rooms.update(map(UUID, cleared))
        return rooms

    def _ask(self, script: Script, worker: str, *arguments: str | int) -> Any:
        return self._scripts.run([Call(script, (), (self._prefix, worker, *arguments))])[0]


def _presence(version: str, count: int, fields: Sequence[str] | None) -> RoomPresence:
    if fields is None:
        return RoomPresence(version, count, None, {})
    users: dict[UUID, PresentUser] = {}
    holders: dict[UUID, Collection[str]] = {}
    for name, value in zip(fields[::2], fields[1::2], strict=True):
        if name:
            since, workers, username = value.split(" ", 2)
            user_id = UUID(name)
            users[user_id] = PresentUser(username, int(since))
            holders[user_id] = workers.split(",")
    return RoomPresence(version, count, users, holders)
