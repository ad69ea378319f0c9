using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;

namespace RaftLog.Client.Hosting;

/// <summary>A consumer of a host.</summary>
public sealed record ConsumerServiceOptions
{
    /// <summary>The topics to read.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>How it reads; a group is needed.</summary>
    public ConsumerOptions Consumer { get; init; } = new();

    /// <summary>How many handlers run at once, and which records wait for one another.</summary>
    public ProcessingOptions Processing { get; init; } = new();

    /// <summary>What happens to records whose handler fails.</summary>
    public RetryOptions Retry { get; init; } = new();

    /// <summary>The pause before a consumer that failed begins again; each further one is twice as long, up to a minute.</summary>
    public TimeSpan RestartPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After which time without progress the health check says that the consumer is stuck.</summary>
    public TimeSpan StuckAfter { get; init; } = TimeSpan.FromMinutes(1);

    internal void Validate()
    {
        if (Topics.Count == 0)
        {
            throw new ArgumentException("the consumer has no topic: set ConsumerServiceOptions.Topics");
        }

        if (string.IsNullOrEmpty(Consumer.GroupId))
        {
            throw new ArgumentException("the consumer has no group: set ConsumerServiceOptions.Consumer.GroupId (group.id)");
        }

        Retry.Validate(Consumer.MaxPollInterval);
    }
}
