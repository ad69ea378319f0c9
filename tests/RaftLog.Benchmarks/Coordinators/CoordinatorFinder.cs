using RaftLog.Benchmarks.Systems;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>Finds the coordinators of groups.</summary>
internal sealed class CoordinatorFinder
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly WireClient _wire;

    private CoordinatorFinder(WireClient wire) => _wire = wire;

    /// <summary>Asks the first node of a cluster.</summary>
    public static async Task<CoordinatorFinder> OfAsync(IRunningCluster cluster) => new(await WireClient.ConnectAsync(cluster.Ports()[0]));

    /// <summary>The port of a group's coordinator; waits until there is one.</summary>
    public async Task<int> PortOfAsync(string group)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            FindCoordinatorResponse response = await _wire.AskAsync(new FindCoordinatorRequest { CoordinatorKeys = [group] });
            if (response.Coordinators[0] is { ErrorCode: ErrorCode.None } found)
            {
                return found.Port;
            }

            if (TimeProvider.System.GetElapsedTime(start) > Patience)
            {
                throw new InvalidOperationException($"{group} has no coordinator: {response.Coordinators[0].ErrorCode}");
            }

            await Task.Delay(Pause);
        }
    }
}
