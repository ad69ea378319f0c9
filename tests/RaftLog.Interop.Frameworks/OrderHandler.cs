namespace RaftLog.Interop.Frameworks;

/// <summary>Says what it has handled. Wolverine finds it by its name.</summary>
public static class OrderHandler
{
    private static readonly HashSet<int> Tried = [];

    /// <summary>Handles one message.</summary>
    public static void Handle(Order order)
    {
        bool isFirst;
        lock (Tried)
        {
            isFirst = Tried.Add(order.Number);
        }

        if (order.Number % 10 == 7 || (order.Number % 10 == 3 && isFirst))
        {
            throw new OrderException(order.Number);
        }

        Console.WriteLine($"handled {order.Number}");
    }
}
