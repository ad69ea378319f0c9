using RaftLog.Benchmarks.Measuring;

namespace RaftLog.Benchmarks.ReplicatedLogs;

/// <summary>What one log does in a run.</summary>
/// <param name="PerSecond">Entries committed a second with many connections.</param>
/// <param name="P50">Half of the entries were committed within this many milliseconds, with many connections.</param>
/// <param name="P99">All but one in a hundred.</param>
/// <param name="AloneP50">Half of the entries, with one connection.</param>
/// <param name="AloneP99">All but one in a hundred.</param>
/// <param name="ProcessorMicroseconds">Processor time of the three processes an entry, with many connections.</param>
/// <param name="ResidentMiB">Resident memory of the three processes after it.</param>
/// <param name="FailoverMs">From <c>kill -9</c> of the leader until another node has committed an entry.</param>
/// <param name="Lost">Entries that had been acknowledged and that were not there after <c>kill -9</c> of all three.</param>
internal sealed record CommitFigures(
    double PerSecond,
    double P50,
    double P99,
    double AloneP50,
    double AloneP99,
    double ProcessorMicroseconds,
    double ResidentMiB,
    double FailoverMs,
    long Lost
);

/// <summary>Loads a log, kills its leader, then the others, and counts what is left.</summary>
/// <param name="log">The log, just started.</param>
/// <param name="connections">How many connections commit at once, each one entry after the other.</param>
/// <param name="seconds">How long.</param>
internal sealed class CommitRun(IReplicatedLog log, int connections, int seconds)
{
    private const double MiB = 1 << 20;
    private const double Microseconds = 1_000_000;
    private const int WarmUpSeconds = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Runs all of it. A leader is killed once: RaftLog fences a broker at once only where that has not happened to it within a session.
    /// </summary>
    public async Task<CommitFigures> MeasureAsync()
    {
        IReadOnlyList<int> processes = log.ProcessIds;
        int leader = await log.FindLeaderAsync();
        await LoadAsync(leader, connections, WarmUpSeconds);
        long countBefore = await log.CountAsync();
        double processorBefore = ProcessUse.Of(processes).ProcessorSeconds;
        List<double> loaded = await LoadAsync(leader, connections, seconds);
        ProcessUse use = ProcessUse.Of(processes);
        List<double> alone = await LoadAsync(leader, 1, seconds);
        double failover = await FailOverAsync(await log.FindLeaderAsync());

        await KillAsync(processes);
        await log.StartAgainAsync();
        long lost = Math.Max(0, countBefore + loaded.Count + alone.Count - await log.CountAsync());
        return new CommitFigures(
            loaded.Count / (double)seconds,
            At(loaded, 50),
            At(loaded, 99),
            At(alone, 50),
            At(alone, 99),
            (use.ProcessorSeconds - processorBefore) * Microseconds / loaded.Count,
            use.ResidentBytes / MiB,
            failover,
            lost
        );
    }

    private static double At(List<double> sorted, int percent) => sorted.Count == 0 ? double.NaN : sorted[sorted.Count * percent / 100];

    private static async Task KillAsync(IReadOnlyList<int> processes)
    {
        foreach (int id in processes)
        {
            Signals.Send(id, Signal.Kill);
        }

        foreach (int id in processes)
        {
            while (ProcessUse.IsRunning(id))
            {
                await Task.Delay(Pause);
            }
        }
    }

    /// <summary>Milliseconds of each entry, sorted.</summary>
    private async Task<List<double>> LoadAsync(int leader, int many, int forSeconds)
    {
        long end = TimeProvider.System.GetTimestamp() + (forSeconds * TimeProvider.System.TimestampFrequency);
        List<double>[] each = await Task.WhenAll(Enumerable.Range(0, many).Select(_ => Task.Run(() => CommitAsync(leader, end))));
        List<double> all = [.. each.SelectMany(static latencies => latencies)];
        all.Sort();
        return all;
    }

    private async Task<List<double>> CommitAsync(int leader, long end)
    {
        using IEntryConnection connection = await log.ConnectAsync(leader);
        List<double> latencies = [];
        while (true)
        {
            long start = TimeProvider.System.GetTimestamp();
            if (start >= end)
            {
                return latencies;
            }

            if (!await connection.CommitAsync())
            {
                throw new InvalidOperationException("the leader has lost its leadership under load; the figures would mean nothing");
            }

            latencies.Add(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
        }
    }

    private async Task<double> FailOverAsync(int leader)
    {
        using IEntryConnection first = await log.ConnectAsync(leader);
        await first.CommitAsync();
        int[] others = [.. Enumerable.Range(0, log.ProcessIds.Count).Where(node => node != leader)];
        IEntryConnection[] connections = await Task.WhenAll(others.Select(log.ConnectAsync));
        long start = TimeProvider.System.GetTimestamp();
        Signals.Send(log.ProcessIds[leader], Signal.Kill);
        using CancellationTokenSource done = new(Patience);
        await Task.WhenAny(connections.Select(connection => UntilCommittedAsync(connection, done.Token))).Unwrap();
        double elapsed = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
        await done.CancelAsync();
        Array.ForEach(connections, static each => each.Dispose());
        return elapsed;
    }

    private static async Task UntilCommittedAsync(IEntryConnection connection, CancellationToken done)
    {
        while (!await connection.CommitAsync())
        {
            await Task.Delay(Pause, done);
        }
    }
}
