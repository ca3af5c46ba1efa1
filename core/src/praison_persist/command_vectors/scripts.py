"""The Lua scripts that change a collection, each atomic. Text only.

Every one begins with the description that the caller knows; where another is stored, it answers ``gone``.
"""

from __future__ import annotations

__all__ = ["DROP", "REMOVE", "WRITE"]

WRITE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'gone' end
if ARGV[2] == 'insert' then
  local taken = {}
  for i = 4, #KEYS do
    if redis.call('EXISTS', KEYS[i]) == 1 then taken[#taken + 1] = i - 4 end
  end
  if #taken > 0 then return taken end
end
local options, at = tonumber(ARGV[3]), 4
if options > 0 then at = at + options end
for i = 4, #KEYS do
  local id, fields = ARGV[at], tonumber(ARGV[at + 1])
  redis.call('DEL', KEYS[i])
  redis.call('HSET', KEYS[i], unpack(ARGV, at + 2, at + 1 + fields))
  redis.call('ZADD', KEYS[2], 0, id)
  at = at + 2 + fields
  if options >= 0 then
    redis.call('VADD', KEYS[3], 'FP32', ARGV[at], id, 'SETATTR', ARGV[at + 1], unpack(ARGV, 4, 3 + options))
    at = at + 2
  end
end
return 'OK'
"""
"""KEYS: description, ids, vector set, then the documents. ARGV: description, ``insert`` or ``upsert``, number of
options of VADD (-1 without a vector set), these, then for each document its id, the number of its fields and values,
these, and where there is a vector set the vector and its attributes. Gives ``OK``, or the numbers of the documents that
exist."""

REMOVE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'gone' end
local removed = 0
for i = 4, #KEYS do
  local at = 3 + (i - 4) * 2
  local same = ARGV[at + 1] == '*' or ('=' .. (redis.call('HGET', KEYS[i], 'metadata') or '')) == ARGV[at + 1]
  if same and redis.call('DEL', KEYS[i]) == 1 then
    removed = removed + 1
    redis.call('ZREM', KEYS[2], ARGV[at])
    if ARGV[2] == '1' then redis.call('VREM', KEYS[3], ARGV[at]) end
  end
end
return removed
"""
"""KEYS as of `WRITE`. ARGV: description, whether there is a vector set, then for each document its id, and ``*`` or
``=`` with the metadata that it must still have. Gives how many there were."""

DROP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
"""KEYS: description. ARGV: description. From then on nobody writes to this generation."""
