def draw_figures(finished, summary, skies, out):
    pass
