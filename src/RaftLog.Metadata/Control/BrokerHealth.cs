using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>
/// Fences brokers that are gone, unfences those that are ready, and lets them stop in order: heartbeats, sessions, and the positive
/// evidence that a process has ended.
/// </summary>
internal sealed partial class BrokerHealth(IConfigTable configs, BrokerSessions sessions)
{
    private enum Standing
    {
        Fenced,
        Active,
        ShuttingDown,
        MayStop,
    }

    /// <summary>
    /// Responds to a heartbeat (KIP-631, KIP-841): the session goes on, and the broker gets the standing that it asks for once it may have
    /// it.
    /// </summary>
    public ControllerResult<BrokerHeartbeatResponse> Heartbeat(
        MetadataImage image,
        BrokerHeartbeatRequest request,
        Offset nextOffset,
        long nowMs
    )
    {
        if (!image.Brokers.TryGetValue(request.BrokerId, out BrokerRegistration? broker) || broker.Epoch != request.BrokerEpoch)
        {
            return new([], new BrokerHeartbeatResponse { ErrorCode = ErrorCode.StaleBrokerEpoch });
        }

        sessions.Heard(broker, request.CurrentMetadataOffset, nowMs);
        Draft draft = new(image);
        ReportDirectories(draft, broker, request);
        broker = draft.Image.Brokers[broker.Id];

        bool caughtUp = request.CurrentMetadataOffset.Value >= broker.Epoch.Value;
        Standing before = StandingOf(broker);
        Standing after = Next(draft.Image, broker, before, request, caughtUp, nextOffset - 1);
        Move(draft, broker, before, after);
        if (after == Standing.ShuttingDown)
        {
            sessions.ShutdownOffset(broker, nextOffset + draft.Count - 1);
        }

        return draft.Respond(
            new BrokerHeartbeatResponse
            {
                IsCaughtUp = caughtUp,
                IsFenced = after is Standing.Fenced or Standing.MayStop,
                ShouldShutDown = after == Standing.MayStop,
            }
        );
    }

    /// <summary>
    /// Fences every broker whose session has run out. All at once, so that no leadership moves to another one that is gone as well.
    /// </summary>
    public void FenceExpired(Draft draft, long nowMs)
    {
        List<BrokerRegistration> expired = [.. draft.Image.Brokers.Values.Where(each => !each.Fenced && sessions.ExpiresMs(each) <= nowMs)];
        foreach (BrokerRegistration broker in expired)
        {
            draft.Add(Fencing(broker));
        }

        foreach (BrokerRegistration broker in expired)
        {
            sessions.End(broker.Id);
            Leadership.Refresh(draft, configs, broker.Id);
        }
    }

    /// <summary>When the next session runs out; <see cref="long.MaxValue"/> when no broker has one.</summary>
    public long NextExpiryMs(MetadataImage image)
    {
        long next = long.MaxValue;
        foreach (BrokerRegistration broker in image.Brokers.Values)
        {
            if (!broker.Fenced)
            {
                next = Math.Min(next, sessions.ExpiresMs(broker));
            }
        }

        return next;
    }

    /// <summary>A connection of a broker's incarnation has ended: it may be gone. Asks for a probe.</summary>
    public void ConnectionLost(MetadataImage image, NodeId id, BrokerEpoch epoch, long nowMs)
    {
        if (image.Brokers.TryGetValue(id, out BrokerRegistration? broker) && broker.Epoch == epoch && !broker.Fenced)
        {
            sessions.WantProbe(broker, nowMs);
        }
    }

    /// <summary>
    /// A probe has ended. Only a rejection is evidence: nobody listens where the incarnation listened, so it is fenced now.
    /// </summary>
    public void ProbeEnded(Draft draft, NodeId id, BrokerEpoch epoch, bool rejected, long nowMs)
    {
        bool asked = sessions.EndProbe(id, epoch);
        SeededBugFencesUnseen(ref rejected);
        if (
            !asked
            || !rejected
            || !sessions.MayFastFence(id, nowMs)
            || !draft.Image.Brokers.TryGetValue(id, out BrokerRegistration? broker)
            || broker.Epoch != epoch
            || broker.Fenced
        )
        {
            return;
        }

        sessions.FastFenced(id, nowMs);
        sessions.End(id);
        draft.Add(Fencing(broker));
        Leadership.Refresh(draft, configs, id);
    }

    static partial void SeededBugFencesUnseen(ref bool rejected);

    private static Standing StandingOf(BrokerRegistration broker) =>
        broker.Fenced ? Standing.Fenced
        : broker.InControlledShutdown ? Standing.ShuttingDown
        : Standing.Active;

    private Standing Next(
        MetadataImage image,
        BrokerRegistration broker,
        Standing now,
        BrokerHeartbeatRequest wants,
        bool caughtUp,
        Offset lastOffset
    ) =>
        now switch
        {
            Standing.Fenced when wants.WantShutDown => Standing.MayStop,
            Standing.Fenced => !wants.WantFence && caughtUp ? Standing.Active : Standing.Fenced,
            Standing.Active when wants.WantShutDown => !wants.WantFence && Leads(image, broker.Id)
                ? Standing.ShuttingDown
                : Standing.MayStop,
            Standing.Active => wants.WantFence ? Standing.Fenced : Standing.Active,
            _ => !Leads(image, broker.Id) && EveryoneKnows(image, sessions.ShutdownOffset(broker, lastOffset))
                ? Standing.MayStop
                : Standing.ShuttingDown,
        };

    private void Move(Draft draft, BrokerRegistration broker, Standing before, Standing after)
    {
        if (after == Standing.Active && before == Standing.Fenced)
        {
            draft.Add(
                new BrokerRegistrationChangeRecord
                {
                    BrokerId = broker.Id,
                    BrokerEpoch = broker.Epoch,
                    Fenced = -1,
                }
            );
        }
        else if (after == Standing.ShuttingDown && before == Standing.Active)
        {
            draft.Add(
                new BrokerRegistrationChangeRecord
                {
                    BrokerId = broker.Id,
                    BrokerEpoch = broker.Epoch,
                    InControlledShutdown = 1,
                }
            );
        }
        else if (after is Standing.Fenced or Standing.MayStop && before != Standing.Fenced)
        {
            draft.Add(Fencing(broker));
        }
        else
        {
            return;
        }

        Leadership.Refresh(draft, configs, broker.Id);
    }

    private void ReportDirectories(Draft draft, BrokerRegistration broker, BrokerHeartbeatRequest request)
    {
        MetadataVersion version = draft.Image.Version;
        if (
            version.TracksCordonedDirectories
            && request.CordonedLogDirs is not null
            && !broker.CordonedDirectories.HasSameElements(ValueList.From(request.CordonedLogDirs))
        )
        {
            draft.Add(
                new BrokerRegistrationChangeRecord
                {
                    BrokerId = broker.Id,
                    BrokerEpoch = broker.Epoch,
                    CordonedLogDirs = request.CordonedLogDirs,
                }
            );
        }

        List<Uuid> online = [.. broker.Directories.Where(each => !request.OfflineLogDirs.Contains(each))];
        if (version.TracksDirectories && online.Count < broker.Directories.Count && online.Count > 0)
        {
            draft.Add(
                new BrokerRegistrationChangeRecord
                {
                    BrokerId = broker.Id,
                    BrokerEpoch = broker.Epoch,
                    LogDirs = online,
                }
            );
            Leadership.Refresh(draft, configs, broker.Id);
        }
    }

    private bool EveryoneKnows(MetadataImage image, Offset offset) =>
        image.Brokers.Values.All(each => !each.IsActive || sessions.MetadataOffset(each) >= offset);

    private static bool Leads(MetadataImage image, NodeId broker)
    {
        foreach (TopicImage topic in image.Topics.ById.Values)
        {
            foreach ((_, PartitionRegistration partition) in topic.Partitions)
            {
                if (partition.Leader == broker)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static BrokerRegistrationChangeRecord Fencing(BrokerRegistration broker) =>
        new()
        {
            BrokerId = broker.Id,
            BrokerEpoch = broker.Epoch,
            Fenced = 1,
        };
}
