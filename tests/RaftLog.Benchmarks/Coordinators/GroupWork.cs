using RaftLog.Protocol;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>What the members of a group share.</summary>
/// <param name="Group">The group.</param>
/// <param name="Topic">The topic that they read.</param>
/// <param name="TopicId">Its id.</param>
/// <param name="Partitions">How many partitions it has.</param>
/// <param name="Heartbeat">How often each member sends a heartbeat.</param>
/// <param name="Session">How long a member may be silent.</param>
internal sealed record GroupWork(string Group, string Topic, Uuid TopicId, int Partitions, TimeSpan Heartbeat, TimeSpan Session)
{
    /// <summary>The golden ratio's fraction: its multiples lie evenly between 0 and 1.</summary>
    private const double Spread = 0.6180339887;

    /// <summary>
    /// How long a member waits once, so that the members' heartbeats spread over the interval as they do where each began at its own time.
    /// </summary>
    /// <param name="member">Its number.</param>
    public TimeSpan PhaseOf(int member) => Heartbeat * (member * Spread % 1);

    /// <summary>Ends the run when a request was rejected.</summary>
    /// <exception cref="InvalidOperationException">It was.</exception>
    public void Require(ErrorCode error, ApiKey api)
    {
        if (error != ErrorCode.None)
        {
            throw new InvalidOperationException($"{api} of a member of '{Group}' was rejected: {error}");
        }
    }
}
