using System.Text.RegularExpressions;
using RaftLog.Client.Connections;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Groups;

/// <summary>
/// The topics whose names match an expression of the client's: looked for at once, and again as often as metadata grows old
/// (metadata.max.age.ms). Internal topics match nothing.
/// </summary>
internal sealed class MatchedTopics(Regex pattern, ClientRuntime runtime, ClusterCalls calls, Action<GroupTopics> changed)
{
    private readonly AsyncSignal _look = new(runtime.Waiters);
    private bool _isClosed;

    /// <summary>Looks until <see cref="Close"/>.</summary>
    public void Start() => runtime.Supervisor.Run("match topics", RunAsync);

    /// <summary>Another subscription has taken its place: what is still being looked for changes nothing.</summary>
    public void Close()
    {
        Volatile.Write(ref _isClosed, true);
        _look.Close();
    }

    private async Task RunAsync()
    {
        GroupTopics? known = null;
        Backoff backoff = runtime.NewBackoff();
        TimeSpan pause = TimeSpan.Zero;
        while (await _look.WaitAsync(pause) != WaitOutcome.Closed)
        {
            try
            {
                MetadataResponse response = await calls.CallAnyAsync(
                    new MetadataRequest { Topics = null, AllowAutoTopicCreation = false },
                    static r => r.ErrorCode,
                    new CallDeadline(runtime.Waiters, runtime.Options.CallTimeout)
                );
                GroupTopics found = GroupTopics.Of(
                    response.Topics.Where(topic => !topic.IsInternal && topic.Name is not null).Select(topic => topic.Name!).Where(IsMatch)
                );
                backoff.Reset();
                pause = runtime.Options.MetadataMaxAge;
                if (Volatile.Read(ref _isClosed))
                {
                    return;
                }

                if (known is null || !known.Names.SequenceEqual(found.Names))
                {
                    known = found;
                    changed(found);
                }
            }
            catch (KafkaException)
            {
                // What matched goes on being read; a member that nobody can reach notices by its heartbeats.
                pause = backoff.Next();
            }
        }
    }

    /// <summary>An expression that runs into its own time limit matches nothing.</summary>
    private bool IsMatch(string topic)
    {
        try
        {
            return pattern.IsMatch(topic);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }
}
