using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace RaftLog.Benchmarks.Measuring;

/// <summary>What this process allocates, by type: the runtime names the type of one object in about 100 KB.</summary>
internal sealed class AllocationSamples : EventListener
{
    private const string Runtime = "Microsoft-Windows-DotNETRuntime";
    private const EventKeywords Collector = (EventKeywords)1;
    private const int TypeName = 5;
    private const int Shown = 30;

    private readonly ConcurrentDictionary<string, int> _samples = new(StringComparer.Ordinal);

    /// <summary>Writes the types that were met most.</summary>
    public void Print(TextWriter writer)
    {
        foreach ((string type, int samples) in _samples.OrderByDescending(each => each.Value).Take(Shown))
        {
            writer.WriteLine($"{samples, 8} {type}");
        }
    }

    /// <inheritdoc/>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Runtime)
        {
            EnableEvents(eventSource, EventLevel.Verbose, Collector);
        }
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (
            eventData.EventName?.StartsWith("GCAllocationTick", StringComparison.Ordinal) == true
            && eventData.Payload?[TypeName] is string type
        )
        {
            _samples.AddOrUpdate(type, 1, static (_, count) => count + 1);
        }
    }
}
