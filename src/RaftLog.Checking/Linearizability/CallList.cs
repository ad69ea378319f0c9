namespace RaftLog.Checking;

/// <summary>
/// The begins and ends of calls in the order of time, from which calls can be taken out and put back in the reverse order.
/// </summary>
internal sealed class CallList
{
    private readonly CallEvent _head = new(-1, isReturn: false);

    /// <summary>How many ends are in the list.</summary>
    internal int Returns { get; private set; }

    /// <summary>The first event.</summary>
    internal CallEvent? First => _head.Next;

    /// <summary>All calls; a begin goes before an end at the same time.</summary>
    internal static CallList Of<TCall>(IReadOnlyList<TimedCall<TCall>> calls)
    {
        List<(long AtUs, bool IsReturn, int Call)> times = [];
        for (int i = 0; i < calls.Count; i++)
        {
            times.Add((calls[i].InvokedUs, false, i));
            if (calls[i].CompletedUs is { } completedUs)
            {
                times.Add((completedUs, true, i));
            }
        }

        times.Sort();
        CallList list = new();
        CallEvent last = list._head;
        CallEvent[] begins = new CallEvent[calls.Count];
        foreach ((_, bool isReturn, int call) in times)
        {
            CallEvent next = new(call, isReturn) { Previous = last };
            last.Next = next;
            last = next;
            if (isReturn)
            {
                begins[call].Return = next;
                next.Begin = begins[call];
                list.Returns++;
            }
            else
            {
                begins[call] = next;
            }
        }

        return list;
    }

    /// <summary>Takes a call out.</summary>
    internal void Lift(CallEvent begin)
    {
        Unlink(begin);
        if (begin.Return is { } end)
        {
            Unlink(end);
            Returns--;
        }
    }

    /// <summary>Puts back the call that was taken out last.</summary>
    internal void Unlift(CallEvent begin)
    {
        if (begin.Return is { } end)
        {
            Link(end);
            Returns++;
        }

        Link(begin);
    }

    private static void Unlink(CallEvent item)
    {
        item.Previous!.Next = item.Next;
        if (item.Next is { } next)
        {
            next.Previous = item.Previous;
        }
    }

    private static void Link(CallEvent item)
    {
        item.Previous!.Next = item;
        if (item.Next is { } next)
        {
            next.Previous = item;
        }
    }
}
