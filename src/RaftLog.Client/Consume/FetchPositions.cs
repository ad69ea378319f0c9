using RaftLog.Client.Cluster;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// The positions of a consumer as the loop that fetches sees them: what to search for and to fetch, and what came of it. A position that is
/// read elsewhere by now takes nothing over.
/// </summary>
internal sealed class FetchPositions(Lock gate, PositionTable table)
{
    /// <summary>
    /// Takes over what is known of the cluster: who leads what, which topics have been made anew under their readers, and which are gone
    /// for so long that nobody need wait for them.
    /// </summary>
    public PositionChanges Learn(ClusterView view, long nowMs)
    {
        PositionChanges changes = new();
        lock (gate)
        {
            table.Learn(view, nowMs, changes);
        }

        return changes;
    }

    /// <summary>Takes the positions that still have to be found.</summary>
    public List<ReadPosition> TakeUnresolved()
    {
        lock (gate)
        {
            return table.TakeUnresolved();
        }
    }

    /// <summary>The beginning was found.</summary>
    public void Resolve(ReadPosition taken, Uuid topicId, OffsetAndEpoch place)
    {
        lock (gate)
        {
            if (!IsUnderWay(taken))
            {
                return;
            }

            taken.TopicId = topicId;
            taken.Fetch = place.Offset;
            taken.Read = place.Offset;
            taken.Epochs.Begin(place);
            table.GetIdle(taken);
        }
    }

    /// <summary>
    /// Begins a fetch from each leader that is free and leads something to fetch, and makes these leaders busy until <see cref="Free"/>.
    /// Nothing while what waits for the reader is at its bound.
    /// </summary>
    /// <param name="hasLeaderless">True when a partition has no leader that is known: ask for metadata and come again.</param>
    public List<FetchTurn> TakeFetches(out bool hasLeaderless)
    {
        lock (gate)
        {
            hasLeaderless = !table.Ahead.IsFull && table.Lines.HasLeaderless;
            return table.Ahead.IsFull ? [] : table.Lines.Take();
        }
    }

    /// <summary>The leader has answered a fetch, and keeps a session from now on, or none where the id is 0.</summary>
    public void OnResponse(FetchTurn turn, int sessionId)
    {
        lock (gate)
        {
            turn.Session.OnResponse(sessionId);
        }
    }

    /// <summary>The position that a part of a response is about; null when nobody waits for it any more.</summary>
    public ReadPosition? Find(FetchTurn turn, Uuid topicId, TopicPartition name)
    {
        lock (gate)
        {
            return turn.Session.TryFind(topicId, name, out ReadPosition? position) ? position : null;
        }
    }

    /// <summary>What the leader knows counts no more: all that waits for it is fetched again, but not before a time.</summary>
    public void EndSession(FetchTurn turn, long notBeforeMs)
    {
        lock (gate)
        {
            foreach (ReadPosition position in turn.Session.End())
            {
                table.Lines.Delay(position, notBeforeMs);
            }
        }
    }

    /// <summary>The leadership of a position has moved: it is fetched from the leader that is known now.</summary>
    public void Move(ReadPosition taken)
    {
        lock (gate)
        {
            if (IsUnderWay(taken))
            {
                table.GetIdle(taken);
            }
        }
    }

    /// <summary>The leader's fetch has ended.</summary>
    public void Free(FetchTurn turn)
    {
        lock (gate)
        {
            turn.Session.IsBusy = false;
        }
    }

    /// <summary>When the next position that waits for a time may be fetched; <see cref="long.MaxValue"/> when none waits.</summary>
    public long NextWakeMs()
    {
        lock (gate)
        {
            return table.Lines.NextWakeMs;
        }
    }

    /// <summary>A fetch brought no records of the partition. In a session the leader goes on to wait for them.</summary>
    public void Nothing(ReadPosition taken, Offset end)
    {
        lock (gate)
        {
            if (IsUnderWay(taken))
            {
                taken.End = end;
                if (taken.Session is not { IsKept: true })
                {
                    table.GetIdle(taken);
                }
            }
        }
    }

    /// <summary>A fetch brought records; false when nobody wants them any more.</summary>
    public bool Keep(ReadPosition taken, FetchExtent extent, FetchedRecords records)
    {
        lock (gate)
        {
            if (!IsUnderWay(taken))
            {
                return false;
            }

            taken.Fetch = extent.Next;
            taken.Epochs.Add(extent.Epochs);
            taken.End = records.HighWatermark;
            table.Ahead.Keep(taken, records);
            table.GetIdle(taken);
            return true;
        }
    }

    /// <summary>Fetches the position again, but not before a time.</summary>
    public void Delay(ReadPosition taken, long notBeforeMs)
    {
        lock (gate)
        {
            if (IsUnderWay(taken))
            {
                PositionTable.Leave(taken);
                table.Lines.Delay(taken, notBeforeMs);
            }
        }
    }

    /// <summary>The position is not in the log: goes on where the consumer's policy says, or fails.</summary>
    public PositionChanges Reset(ReadPosition taken, ErrorCode error, string what)
    {
        PositionChanges changes = new();
        lock (gate)
        {
            if (IsUnderWay(taken))
            {
                table.Misplaced(taken, error, what, changes);
            }
        }

        return changes;
    }

    /// <summary>True while what was fetched ahead of the position has not all been read.</summary>
    public bool HasUnread(ReadPosition taken)
    {
        lock (gate)
        {
            return taken.IsCurrent && taken.Buffered.Count > 0;
        }
    }

    /// <summary>Nothing more can be read before a seek.</summary>
    public void Fail(ReadPosition taken, KafkaException reason)
    {
        lock (gate)
        {
            if (IsUnderWay(taken))
            {
                table.SetFailed(taken, reason);
            }
        }
    }

    private static bool IsUnderWay(ReadPosition taken) => taken.IsCurrent && taken.State is ReadState.Fetching or ReadState.Resolving;
}
