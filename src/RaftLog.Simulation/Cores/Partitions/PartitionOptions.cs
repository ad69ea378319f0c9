namespace RaftLog.Simulation.Cores;

/// <summary>What one seed draws for its run (times in milliseconds, chances per thousand).</summary>
internal sealed record PartitionOptions
{
    public required int Nodes { get; init; }

    public required int MinInSync { get; init; }

    public required bool KeepsEligible { get; init; }

    public required int NetworkMs { get; init; }

    /// <summary>Messages that take up to a second and a half, so that they arrive in another world than they left.</summary>
    public required int LatePerMille { get; init; }

    public required int LossPerMille { get; init; }

    public required int FlushMs { get; init; }

    public required int CrashEveryMs { get; init; }

    public required int CutEveryMs { get; init; }

    public required int MoveEveryMs { get; init; }

    public required int ProduceEveryMs { get; init; }

    public required int MaxLagMs { get; init; }

    public required int MostEntries { get; init; }

    public int SessionMs => 600;

    public int FaultyMs => 6_000;

    public int HealedMs => 5_000;

    public static PartitionOptions Draw(Chance chance)
    {
        int nodes = chance.Between(2, 5);
        return new PartitionOptions
        {
            Nodes = nodes,
            MinInSync = chance.Between(1, Math.Min(3, nodes)),
            KeepsEligible = chance.PerMille(500),
            NetworkMs = chance.Between(1, 12),
            LatePerMille = chance.PerMille(500) ? 0 : chance.Between(1, 60),
            LossPerMille = chance.PerMille(500) ? 0 : chance.Between(1, 100),
            FlushMs = chance.Between(1, 40),
            CrashEveryMs = chance.Between(200, 6_000),
            CutEveryMs = chance.Between(200, 6_000),
            MoveEveryMs = chance.Between(200, 6_000),
            ProduceEveryMs = chance.Between(1, 20),
            MaxLagMs = chance.Between(100, 1_200),
            MostEntries = chance.Between(4, 60),
        };
    }
}
