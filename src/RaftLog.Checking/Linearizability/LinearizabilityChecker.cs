namespace RaftLog.Checking;

/// <summary>
/// Searches an order of overlapping calls that a sequential model explains: the algorithm of Wing and Gong (1993) with Lowe's memory of what was
/// tried (2017). Calls are taken out of a linked list of events in any order that real time allows; a return whose call is still in the list is a
/// dead end. Split a history by key before: the effort grows with the calls that overlap.
/// </summary>
public static class LinearizabilityChecker
{
    /// <summary>Looks for an order.</summary>
    /// <param name="model">What one call at a time does.</param>
    /// <param name="calls">The calls.</param>
    /// <param name="maxSteps">How many orders to try at most.</param>
    public static Linearization Check<TState, TCall>(ISequentialModel<TState, TCall> model, IReadOnlyList<TimedCall<TCall>> calls, long maxSteps = 2_000_000)
        where TState : IEquatable<TState>
    {
        CallList list = CallList.Of(calls);
        TriedStates<TState> tried = new();
        Stack<(CallEvent Event, TState Before)> order = new();
        List<int> longest = [];
        ulong[] taken = new ulong[(calls.Count + 63) / 64];
        TState state = model.Initial;
        CallEvent? at = list.First;
        for (long steps = 0; list.Returns > 0; steps++)
        {
            if (steps >= maxSteps)
            {
                return new Linearization(LinearizationVerdict.Undecided, longest, steps);
            }

            if (!at!.IsReturn)
            {
                if (model.TryApply(state, calls[at.Call].Call, out TState next) && tried.TryAdd(With(taken, at.Call), next))
                {
                    order.Push((at, state));
                    Flip(taken, at.Call);
                    state = next;
                    list.Lift(at);
                    at = list.First;
                }
                else
                {
                    at = at.Next;
                }

                continue;
            }

            if (order.Count > longest.Count)
            {
                longest = [.. order.Reverse().Select(each => each.Event.Call)];
            }

            if (!order.TryPop(out (CallEvent Event, TState Before) last))
            {
                return new Linearization(LinearizationVerdict.Illegal, longest, steps);
            }

            state = last.Before;
            Flip(taken, last.Event.Call);
            list.Unlift(last.Event);
            at = last.Event.Next;
        }

        return new Linearization(LinearizationVerdict.Linearizable, [.. order.Reverse().Select(each => each.Event.Call)], 0);
    }

    private static void Flip(ulong[] bits, int index) => bits[index / 64] ^= 1UL << (index % 64);

    private static ulong[] With(ulong[] bits, int index)
    {
        ulong[] copy = [.. bits];
        Flip(copy, index);
        return copy;
    }
}
