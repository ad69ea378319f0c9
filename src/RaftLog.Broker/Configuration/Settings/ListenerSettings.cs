namespace RaftLog.Broker.Configuration;

/// <summary>Where a node listens, and where others reach it.</summary>
/// <param name="All"><c>listeners</c>: every address to listen on.</param>
/// <param name="Advertised">For each listener the address that others are told: <c>advertised.listeners</c>, else the one it listens
/// on.</param>
/// <param name="InterBroker"><c>inter.broker.listener.name</c>: the listener that brokers use among themselves; empty for a mere
/// controller.</param>
/// <param name="Controllers"><c>controller.listener.names</c>: the listeners of the metadata quorum; nodes connect to the first.</param>
public sealed record ListenerSettings(
    IReadOnlyList<Listener> All,
    IReadOnlyList<Listener> Advertised,
    string InterBroker,
    IReadOnlyList<string> Controllers
)
{
    /// <summary>True for a listener of the metadata quorum.</summary>
    public bool IsController(string name) => Controllers.Contains(name);
}
