"""From submitted XML to forms and cases, as the form processor makes them."""
