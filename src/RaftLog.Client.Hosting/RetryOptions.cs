namespace RaftLog.Client.Hosting;

/// <summary>
/// What happens to a record whose handler fails: it is tried again in place, then through the retry topics, and then set aside as a dead
/// letter. Without retry and dead-letter topics a record that fails for good stops its consumer, which begins again with it after a pause:
/// nothing is ever left out unasked.
/// </summary>
public sealed record RetryOptions
{
    /// <summary>How often a handler is called for a record before the record is passed on, at each topic.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>
    /// The pause before the second attempt; each further one is twice as long. The records that wait for this one wait too.
    /// </summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause between attempts.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Topics through which a record that failed goes in turn, each with the pause before its next attempts. Later records overtake it.
    /// </summary>
    public IReadOnlyList<RetryTopic> Topics { get; init; } = [];

    /// <summary>The topic for records that have failed everywhere, with the cause in their headers; null for none.</summary>
    public string? DeadLetterTopic { get; init; }

    internal void Validate(TimeSpan maxPollInterval)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Attempts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(FirstPause, TimeSpan.Zero);
        foreach (RetryTopic topic in Topics)
        {
            if (topic.Delay >= maxPollInterval)
            {
                throw new ArgumentException(
                    $"retry topic '{topic.Name}' waits for {topic.Delay}, which is not less than max.poll.interval.ms ({maxPollInterval}): "
                        + "raise ConsumerOptions.MaxPollInterval, or take more topics with shorter pauses"
                );
            }
        }
    }
}

/// <summary>A topic in which records that failed wait.</summary>
/// <param name="Name">Its name. It has to exist, or the cluster to make topics by itself.</param>
/// <param name="Delay">How long a record waits there, from the time at which it failed.</param>
public sealed record RetryTopic(string Name, TimeSpan Delay);
