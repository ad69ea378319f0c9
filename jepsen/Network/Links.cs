namespace RaftLog.Jepsen.Network;

/// <summary>The directions between all parties: nodes by their ids, and clients as party 0.</summary>
internal sealed class Links
{
    /// <summary>The clients, as a party.</summary>
    public const int Clients = 0;

    private readonly Direction[,] _directions;

    public Links(int nodes)
    {
        _directions = new Direction[nodes + 1, nodes + 1];
        for (int from = 0; from <= nodes; from++)
        {
            for (int to = 0; to <= nodes; to++)
            {
                _directions[from, to] = new Direction();
            }
        }
    }

    public Direction this[int from, int to] => _directions[from, to];

    public void HealAll()
    {
        foreach (Direction direction in _directions)
        {
            direction.Heal();
        }
    }
}
