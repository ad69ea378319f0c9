using RaftLog.Checking;
using RaftLog.Jepsen.Recording;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Faults;

/// <summary>Breaks things one after the other, sometimes two at once and sometimes nothing, and notes each with its effect.</summary>
internal sealed class Nemesis(FaultFactory factory, IReadOnlyList<string> kinds, Recorder recorder, SimRandom random, Action<string> say)
{
    private static readonly TimeSpan FirstAfter = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan ShortestQuiet = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestQuiet = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan ShortestFault = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestFault = TimeSpan.FromSeconds(12);

    private readonly Queue<string> _order = new();

    /// <summary>Works until it is stopped; what is broken then is mended first.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await PauseAsync(FirstAfter, stop);
        while (!stop.IsCancellationRequested && kinds.Count > 0)
        {
            SortedSet<int> busy = [];
            List<(Fault Fault, long Operation, bool HasBegun)> active = [];
            for (int i = random.Chance(0.25) ? 2 : 1; i > 0; i--)
            {
                Fault fault = factory.Draw(NextKind(), busy, out int target);
                busy.Add(target);
                (long operation, bool hasBegun) = await BeginAsync(fault);
                active.Add((fault, operation, hasBegun));
            }

            await PauseAsync(random.Between(ShortestFault, LongestFault), stop);
            foreach ((Fault fault, long operation, bool hasBegun) in active)
            {
                await EndAsync(fault, operation, hasBegun);
            }

            await PauseAsync(random.Between(ShortestQuiet, LongestQuiet) * (random.Chance(0.25) ? 2 : 1), stop);
        }
    }

    private static async Task PauseAsync(TimeSpan time, CancellationToken stop)
    {
        try
        {
            await Task.Delay(time, TimeProvider.System, stop);
        }
        catch (OperationCanceledException)
        {
            // The run is over: mend, and end.
        }
    }

    /// <summary>Each kind comes once before any comes again, so that a short run has them all.</summary>
    private string NextKind()
    {
        if (_order.Count == 0)
        {
            foreach (string kind in kinds.OrderBy(_ => random.NextBits()).ToList())
            {
                _order.Enqueue(kind);
            }
        }

        return _order.Dequeue();
    }

    private async Task<(long Operation, bool HasBegun)> BeginAsync(Fault fault)
    {
        long operation = recorder.NewOperation();
        recorder.Add(0, operation, EventType.Invoke, HistoryFunction.Fault, entry => entry with { Topic = fault.Kind, Note = fault.What });
        say(fault.What);
        return (operation, await fault.Begin());
    }

    private async Task EndAsync(Fault fault, long operation, bool hasBegun)
    {
        bool hadEffect = await fault.End() && hasBegun;
        recorder.Add(
            0,
            operation,
            hadEffect ? EventType.Ok : EventType.Fail,
            HistoryFunction.Fault,
            entry => entry with { Topic = fault.Kind, Note = hadEffect ? fault.What : $"{fault.What}: had no effect" }
        );
    }
}
