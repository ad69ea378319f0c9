using RaftLog.Simulation.Cores;

namespace RaftLog.Simulation;

/// <summary>All scenarios: the known history of this family of protocols, and of this program.</summary>
public static class Scenarios
{
    /// <summary>The scenarios, in the order in which they are played.</summary>
    public static IReadOnlyList<Scenario> All { get; } =
    [
        .. Of(typeof(PartitionScenarios)),
        .. Of(typeof(QuorumScenarios)),
        .. Of(typeof(ClusterScenarios)),
        .. Of(typeof(LogScenarios)),
        .. Of(typeof(ControllerScenarios)),
        .. Of(typeof(ConnectionScenarios)),
        .. Of(typeof(MemoryScenarios)),
        .. Of(typeof(PromiseScenarios)),
        .. Of(typeof(NodeScenarios)),
        .. Of(typeof(SnapshotScenarios)),
        .. Of(typeof(StopScenarios)),
        .. Of(typeof(MoveScenarios)),
        .. Of(typeof(ShortenedLogScenarios)),
        .. Of(typeof(LoneLeaderScenarios)),
        .. Of(typeof(FailoverScenarios)),
        .. Of(typeof(CoordinatorScenarios)),
        .. Of(typeof(ClientScenarios)),
    ];

    /// <summary>The scenarios with something in their names, in any case.</summary>
    public static IEnumerable<Scenario> Named(string part) =>
        All.Where(each => each.Name.Contains(part, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<Scenario> Of(Type scenarios) =>
        scenarios
            .GetMethods()
            .Where(method => method.IsStatic && method.GetParameters().Length == 0)
            .OrderBy(method => method.Name, StringComparer.Ordinal)
            .Select(method => new Scenario(method.Name, method.CreateDelegate<Action>()));
}
