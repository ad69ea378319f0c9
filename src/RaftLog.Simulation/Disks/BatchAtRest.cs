namespace RaftLog.Simulation;

/// <summary>A batch on a disk.</summary>
/// <param name="Path">Its file, for people.</param>
/// <param name="File">Its file.</param>
/// <param name="Position">Where it begins.</param>
/// <param name="Size">Its bytes.</param>
internal readonly record struct BatchAtRest(string Path, SimInode File, int Position, int Size)
{
    /// <summary>Base offset, length and leader epoch stand before it: of those the format's checksum says nothing.</summary>
    private const int Unprotected = 16;

    /// <summary>The checksum ends here.</summary>
    private const int AfterChecksum = 21;

    private const int SectorSize = 512;

    /// <summary>A bit that has flipped.</summary>
    internal Damage FlipBit(SimRandom random)
    {
        int at = Position + Unprotected + random.Next(Size - Unprotected);
        return new Damage(at, 1, [(byte)(File.Current.Span[at] ^ (1 << random.Next(8)))]);
    }

    /// <summary>
    /// A piece of another batch that was written here too. It never brings its checksum along: all that a batch of the same size protects
    /// would be whole at another's offset, and nobody who reads the format could tell.
    /// </summary>
    internal Damage Overwrite(BatchAtRest other, SimRandom random)
    {
        int length = Math.Min(SectorSize, Math.Min(Size, other.Size) - AfterChecksum);
        int at = Position + AfterChecksum + random.Next(Size - AfterChecksum - length + 1);
        return new Damage(at, length, other.File.Current.Span.Slice(other.Position + AfterChecksum, length).ToArray());
    }

    /// <summary>A sector that cannot be read.</summary>
    internal Damage LoseSector() => new(Position, Math.Min(SectorSize, Size), null);
}
