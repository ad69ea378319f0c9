namespace RaftLog.Protocol.Compression;

/// <summary>The copy of LZ77 formats: from output already written to its end, where source and target may overlap.</summary>
internal static class OverlappingCopy
{
    /// <summary>
    /// Writes <paramref name="length"/> bytes at <paramref name="position"/> that repeat what stands <paramref name="distance"/> bytes before.
    /// The caller has checked that 0 &lt; distance ≤ position and that the output has room.
    /// </summary>
    public static void Repeat(Span<byte> output, int position, int distance, int length)
    {
        if (distance >= length)
        {
            output.Slice(position - distance, length).CopyTo(output[position..]);
            return;
        }

        if (distance == 1)
        {
            output.Slice(position, length).Fill(output[position - 1]);
            return;
        }

        // Each round doubles the repeated pattern, so no single copy overlaps itself.
        int start = position - distance;
        int copied = 0;
        while (copied < length)
        {
            int chunk = Math.Min(distance + copied, length - copied);
            output.Slice(start, chunk).CopyTo(output[(position + copied)..]);
            copied += chunk;
        }
    }
}
