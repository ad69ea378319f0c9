using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Peers;

/// <summary>Waits until a node coordinates.</summary>
internal static class Coordinators
{
    /// <summary>Waits until the group coordinator is there and has loaded: the first question makes its topic.</summary>
    public static Task UntilKnownAsync(Peer peer, string group) =>
        Poll.UntilAsync(
            $"{peer.Name} coordinates {group}",
            async () =>
            {
                FindCoordinatorResponse found = await peer.AskAsync(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = [group] });
                if (found.Coordinators[0].ErrorCode != ErrorCode.None)
                {
                    return false;
                }

                OffsetFetchResponse fetched = await peer.AskAsync(
                    new OffsetFetchRequest { Groups = [new() { GroupId = group, Topics = null }] },
                    9
                );
                return fetched.Groups[0].ErrorCode == ErrorCode.None;
            }
        );
}
