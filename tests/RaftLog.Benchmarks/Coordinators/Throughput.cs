using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Systems;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>How many of something many programs get done a second, and what each costs the nodes.</summary>
/// <param name="cluster">The nodes.</param>
/// <param name="warmUp">How long they work before it is counted.</param>
/// <param name="measured">How long it is counted.</param>
internal sealed class Throughput(IRunningCluster cluster, TimeSpan warmUp, TimeSpan measured)
{
    private long _done;

    /// <summary>One more is done.</summary>
    public void Count() => Interlocked.Increment(ref _done);

    /// <summary>Lets programs work, counts, and ends them.</summary>
    /// <param name="who">The programs, for the table.</param>
    /// <param name="what">What they do, in the plural.</param>
    /// <param name="one">The same in the singular.</param>
    /// <param name="begin">Begins the programs; each ends soon after the cancellation.</param>
    public async Task<IReadOnlyList<Figure>> MeasureAsync(
        string who,
        string what,
        string one,
        Func<CancellationToken, IEnumerable<Task>> begin
    )
    {
        using CancellationTokenSource stop = new();
        List<Task> all = [.. begin(stop.Token)];
        await Task.Delay(warmUp);
        double before = ProcessUse.Of(cluster.ProcessIds).ProcessorSeconds;
        long first = Interlocked.Read(ref _done);
        long start = TimeProvider.System.GetTimestamp();
        await Task.WhenAny(Task.Delay(measured), Task.WhenAll(all));
        long count = Interlocked.Read(ref _done) - first;
        double seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        double used = ProcessUse.Of(cluster.ProcessIds).ProcessorSeconds - before;
        await stop.CancelAsync();
        await Task.WhenAll(all);
        return [new($"{who}: {what} a second", count / seconds), new($"{who}: nodes' processor a {one}, µs", used * 1_000_000 / count)];
    }
}
